package org.kiobd.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd serve}: serves volumes in the foreground. */
@Command(name = "serve", description = "Serve volumes over NBD, in the foreground.", sortOptions = false)
final class ServeCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private ServeOptions options;

    @Parameters(paramLabel = "NAME", arity = "0..*", description = "volumes to serve")
    private List<String> names = new ArrayList<>();

    @Option(
            names = "--all",
            description = "serve every volume of the home; a volume that cannot be opened is skipped with a warning")
    private boolean all;

    @Option(names = "--raw", paramLabel = "FILE", description = "serve a raw disk image under its file name")
    private List<Path> raw = new ArrayList<>();

    @Option(
            names = {"-r", "--read-only"},
            description = "serve read-only")
    private boolean readOnly;

    @Override
    public Integer call() throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        Set<String> chosen = new LinkedHashSet<>(names);
        Set<String> others = new LinkedHashSet<>(all ? catalog.names() : List.of());
        others.removeAll(chosen);
        if (chosen.isEmpty() && others.isEmpty() && raw.isEmpty()) {
            if (all) {
                throw new CommandFailure(
                        ExitCode.FAILED,
                        "there is no volume in " + common.home() + "; kiobd create NAME --size SIZE makes one");
            }
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "no volume was named: kiobd serve NAME, --all or --raw FILE; kiobd list shows them");
        }
        Set<String> volumes = new LinkedHashSet<>(chosen);
        volumes.addAll(others);
        ServeChecks.checkNames(volumes, raw);
        Set<String> exports = new LinkedHashSet<>(volumes);
        raw.forEach(image -> exports.add(ServeChecks.rawName(image)));
        Server serving = new Server(common, options, exports);
        List<Openings.Wanted> wanted = new ArrayList<>();
        for (String name : volumes) {
            wanted.add(new Openings.Wanted(
                    name, others.contains(name), () -> serving.openVolume(catalog, name, readOnly)));
        }
        for (Path image : raw) {
            wanted.add(new Openings.Wanted(ServeChecks.rawName(image), false, () -> serving.openRaw(image, readOnly)));
        }
        serving.open(wanted);
        return serving.run();
    }
}
