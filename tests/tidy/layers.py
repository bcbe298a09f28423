"""The layer table against the includes: a file may include only what its module declares in USES, directly or not."""

PRIVATE_MODULES = ("service", "testing", "cli")  # nobody below them may include these


class Module:
    def __init__(self, name, folder, layer, uses):
        self.name, self.folder, self.layer, self.uses = name, folder, layer, uses


def read_modules(file):
    """The table that the CMake configuration wrote: name, folder, layer, uses (with commas)."""
    modules = {}
    for line in file.read_text().splitlines():
        name, folder, layer, *uses = line.split()
        modules[name] = Module(name, folder, layer, uses[0].split(",") if uses else [])
    return modules


def reachable(modules, name):
    """The module and all it uses, directly or not."""
    seen, waiting = set(), [name]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting += modules[current].uses if current in modules else []
    return seen


def module_of_file(modules, path):
    """The module whose folder (or internal/ folder) holds the file."""
    parent = path.rsplit("/", 1)[0]
    parent = parent.removesuffix("/internal")
    return next((module for module in modules.values() if module.folder == parent), None)


def module_of_include(modules, path):
    """The module that an include names, or None: marty/json/value.hpp -> json, sqlite/sqlite.hpp -> sqlite."""
    parts = path.split("/")
    if parts[0] == "marty" and len(parts) > 2:
        return parts[1]
    named = modules.get(parts[0])
    return named.name if named and named.folder == f"drivers/{parts[0]}" and len(parts) > 1 else None


def check_table(modules):
    """The declarations themselves: layers point down. Yields (module, what, what to do)."""
    for module in modules.values():
        for used in module.uses:
            target = modules.get(used)
            if target is None:
                yield module, f"uses '{used}', which is no module", "name a module"
            elif target.layer == "driver" or (module.layer != "driver" and int(target.layer) > int(module.layer)):
                yield (
                    module,
                    f"layer {module.layer} uses '{used}' of layer {target.layer}; dependencies point down",
                    "move the code, or put an interface into the lower layer",
                )


def check_includes(modules, module, source):
    allowed = reachable(modules, module.name)
    for line, path in source.includes:
        included = module_of_include(modules, path)
        if included is None or included in allowed:
            continue
        if included in PRIVATE_MODULES:
            yield line, f"<{path}>: nobody includes {included} but what stands above it", "turn the dependency around"
        else:
            yield (
                line,
                f"<{path}>: module {module.name} does not declare that it uses {included}",
                f"add {included} to USES in {module.folder}/CMakeLists.txt if the layers allow it, or do without",
            )
