require hello.inc

inherit buildinfo

DEPENDS = "libgreet"

MOTD = "${GREETING}, ${AUDIENCE}!"

write_motd() {
    install -d ${D}${sysconfdir}
    echo "${MOTD}" > ${D}${sysconfdir}/motd
}

do_install() {
    install -d ${D}${bindir}
    install -m 0755 hello ${D}${bindir}/hello
    write_motd
}

do_install:append:class-native() {
    ln -s hello ${D}${bindir}/hello-native
}

BBCLASSEXTEND = "native"
