# What this site changes in hello, whatever its version.
FILESEXTRAPATHS:prepend := "${THISDIR}/files:"

do_install:append:samplebox() {
    echo "console ${CONSOLE_BAUD}" >> ${D}${sysconfdir}/motd
}
