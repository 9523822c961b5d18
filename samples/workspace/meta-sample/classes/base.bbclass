# Every recipe inherits this: the tasks and their order, and the defaults that most recipes keep.

BB_DEFAULT_TASK ?= "build"

PARALLEL_MAKE ?= "-j ${@bb.utils.cpu_count()}"
EXTRA_OEMAKE ?= ""

bbnote() {
    echo "NOTE: $*"
}

bbfatal() {
    echo "ERROR: $*"
    exit 1
}

oe_runmake() {
    bbnote make ${PARALLEL_MAKE} ${EXTRA_OEMAKE} "$@"
    make ${PARALLEL_MAKE} ${EXTRA_OEMAKE} "$@" || bbfatal "make failed"
}

addtask fetch
do_fetch[dirs] = "${DL_DIR}"
do_fetch[vardeps] += "SRCREV"
python base_do_fetch() {
    uris = (d.getVar('SRC_URI') or '').split()
    if uris:
        bb.fetch2.Fetch(uris, d).download()
}

addtask unpack after do_fetch
do_unpack[dirs] = "${WORKDIR}"
python base_do_unpack() {
    uris = (d.getVar('SRC_URI') or '').split()
    if uris:
        bb.fetch2.Fetch(uris, d).unpack(d.getVar('WORKDIR'))
}

addtask patch after do_unpack
do_patch[dirs] = "${S}"
base_do_patch() {
    for patch in ${WORKDIR}/*.patch; do
        [ ! -e "$patch" ] || patch -p1 -i "$patch"
    done
}

addtask configure after do_patch
do_configure[dirs] = "${B}"
do_configure[deptask] = "do_populate_sysroot"
base_do_configure() {
    :
}

addtask compile after do_configure
do_compile[dirs] = "${B}"
base_do_compile() {
    if [ -e Makefile ]; then
        oe_runmake
    fi
}

addtask install after do_compile
do_install[dirs] = "${B}"
do_install[cleandirs] = "${D}"
base_do_install() {
    :
}

addtask package after do_install
do_package[dirs] = "${D}"
python base_do_package() {
    for package in d.getVar('PACKAGES').split():
        files = d.getVar('FILES:' + package) or ''
        bb.note('%s holds %s' % (package, files))
}

addtask populate_sysroot after do_install
do_populate_sysroot[dirs] = "${D}"
base_do_populate_sysroot() {
    cp -R ${D}${libdir} ${WORKDIR}/sysroot
}

addtask clean
do_clean[nostamp] = "1"
python base_do_clean() {
    bb.utils.remove(d.getVar('WORKDIR'), recurse=True)
}

addtask listtasks
do_listtasks[nostamp] = "1"
python do_listtasks() {
    for name in d.getVar('__BBTASKS', False) or []:
        bb.plain(name)
}

addtask build after do_package do_populate_sysroot
do_build[noexec] = "1"
base_do_build() {
    :
}

FILES:${PN} = "${bindir}/* ${libdir}/*.so.* ${sysconfdir}/*"
FILES:${PN}-doc = "${docdir}/*"

EXPORT_FUNCTIONS do_fetch do_unpack do_patch do_configure do_compile do_install do_package do_populate_sysroot \
    do_clean do_build
