package org.kiobd.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.raid.Volume;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd copy}: a volume in another shape. */
@Command(
        name = "copy",
        description = {
            "Make a new volume, of whatever members and chunk, that holds what a volume or a snapshot holds.",
            "Of a volume that is served, a snapshot is copied, where its members can make one."
        },
        sortOptions = false)
final class CopyCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private VolumeShape shape;

    @Parameters(index = "0", paramLabel = "NAME")
    private String name;

    @Parameters(index = "1", paramLabel = "NEW")
    private String newName;

    @Option(
            names = "--to-home",
            paramLabel = "DIR",
            description = "where the new volume is kept (default: where the other one is)")
    private @Nullable Path toHome;

    @Option(names = "--verify", description = "read both again and compare")
    private boolean verify;

    @Override
    public Integer call() throws BlockIoException {
        SnapshotName.refuse(newName);
        shape.requireSound(newName);
        try (ImageCommands images = new ImageCommands(common, "copied");
                VolumeSource source = VolumeSource.open(common, name)) {
            Volume volume = source.device();
            VolumeCatalog catalog = toHome == null ? common.catalog() : new VolumeCatalog(toHome);
            new NewVolume(catalog, common.assembler())
                    .copy(
                            newName,
                            () -> shape.spec(catalog, newName, volume.sizeBytes()),
                            name,
                            target -> images.copy(volume, target, true, verify));
            images.answer(volume.info().name(), newName);
        }
        return ExitCode.OK;
    }
}
