# For the machine that builds, instead of the one that is built for: BBCLASSEXTEND = "native" asks for it.

CLASSOVERRIDE = "class-native"
TARGET_ARCH = "build"
TARGET_PREFIX = ""
prefix = "${WORKDIR}/sysroot-native/usr"

python native_dependencies() {
    # What a native recipe needs, it needs natively.
    depends = (d.getVar('DEPENDS') or '').split()
    d.setVar('DEPENDS', ' '.join(name if name.endswith('-native') else name + '-native' for name in depends))
}
addhandler native_dependencies
native_dependencies[eventmask] = "bb.event.RecipePreFinalise"
