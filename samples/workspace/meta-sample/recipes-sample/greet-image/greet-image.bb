SUMMARY = "A file system with hello in it"
LICENSE = "MIT"

inherit buildinfo

IMAGE_INSTALL = "hello ${@bb.utils.contains('MACHINE_FEATURES', 'screen', 'hello-doc', '', d)}"
RDEPENDS = "${IMAGE_INSTALL}"

BUILDINFO_FIELDS:append = " IMAGE_INSTALL"

do_rootfs[rdeptask] = "do_package"
do_rootfs[dirs] = "${WORKDIR}/rootfs"
python do_rootfs() {
    for package in d.getVar('IMAGE_INSTALL').split():
        bb.note('installing %s' % package)
}
addtask rootfs after do_install before do_build
