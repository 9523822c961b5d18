SUMMARY = "The library that greetings are made with"
LICENSE = "MIT"

SRC_URI = "file://greet.c"
S = "${WORKDIR}"

SOVERSION = "${@d.getVar('PV').split('.')[0]}"
LIBNAME = "libgreet.so.${SOVERSION}"

do_compile() {
    ${CC} ${CFLAGS} -shared -Wl,-soname,${LIBNAME} -o ${LIBNAME} ${S}/greet.c
}

do_install() {
    install -d ${D}${libdir}
    install -m 0755 ${LIBNAME} ${D}${libdir}/
}

BBCLASSEXTEND = "native"
