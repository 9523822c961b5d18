# Writes a file that says what a package was built with; a recipe chooses the lines with BUILDINFO_FIELDS.

BUILDINFO_FIELDS ??= "PN PV MACHINE"
BUILDINFO_FILE = "${sysconfdir}/buildinfo-${PN}"

def buildinfo_lines(d):
    lines = []
    for name in (d.getVar('BUILDINFO_FIELDS') or '').split():
        lines.append('%s=%s' % (name, d.getVar(name) or ''))
    return lines

python do_buildinfo() {
    path = d.getVar('D') + d.getVar('BUILDINFO_FILE')
    bb.utils.mkdirhier(os.path.dirname(path))
    with open(path, 'w') as f:
        f.write('\n'.join(buildinfo_lines(d)) + '\n')
}
# The fields are chosen at run time, where BitBake cannot see them: name them.
do_buildinfo[vardeps] += "${BUILDINFO_FIELDS}"
addtask buildinfo after do_install before do_package

python () {
    # A tool for the build machine is never asked what it was built with.
    if bb.data.inherits_class('native', d):
        bb.build.deltask('do_buildinfo', d)
    elif bb.utils.contains('SAMPLE_FEATURES', 'colour', True, False, d):
        d.appendVar('BUILDINFO_FIELDS', ' CONSOLE_BAUD')
}
