package org.kiobd.cli;

import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.Volumes;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd up}: makes a volume if it is missing, and serves it. */
@Command(
        name = "up",
        description = "Create a volume if it is missing, then serve it in the foreground.",
        sortOptions = false)
final class UpCommand implements Callable<Integer> {
    private static final long DEFAULT_SIZE_BYTES = 1L << 30;

    @Mixin
    private CommonOptions common;

    @Mixin
    private VolumeShape shape;

    @Mixin
    private ServeOptions options;

    @Parameters(paramLabel = "NAME", arity = "0..1", description = "the volume (default: demo)")
    private String name = "demo";

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            converter = Sizes.class,
            description = "size of the volume if it is created (default: 1G)")
    private @Nullable Long sizeBytes;

    @Override
    public Integer call() throws BlockIoException {
        Volumes volumes = common.volumes();
        VolumeCatalog catalog = volumes.catalog();
        Server serving = new Server(common, options, Set.of(name));
        if (catalog.exists(name)) {
            refuseContradiction(catalog.load(name));
        } else {
            long newSizeBytes = sizeBytes == null ? DEFAULT_SIZE_BYTES : sizeBytes;
            shape.requireSound();
            VolumeManifest made = volumes.create(name, folder -> shape.spec(folder, name, newSizeBytes));
            common.answer(Answers.line("created", made), Answers.json(made));
        }
        serving.open(List.of(new Openings.Wanted(name, false, () -> serving.openVolume(catalog, name, false))));
        return serving.run();
    }

    private void refuseContradiction(VolumeManifest manifest) {
        String contradiction = sizeBytes != null && sizeBytes != manifest.sizeBytes()
                ? "--size " + Sizes.format(sizeBytes) + ", it has size=" + Sizes.format(manifest.sizeBytes())
                        + " (kiobd resize changes it)"
                : shape.contradiction(manifest);
        if (contradiction != null) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "volume=" + name + " exists and contradicts " + contradiction
                            + "; it was not touched; leave the option out to serve it");
        }
    }
}
