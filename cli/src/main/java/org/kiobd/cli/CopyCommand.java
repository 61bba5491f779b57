package org.kiobd.cli;

import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.SnapshotNames;
import org.kiobd.manage.VolumeSource;
import org.kiobd.manage.Volumes;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.image.VolumeCopy;
import org.kiobd.manage.image.VolumeCopy.Copied;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd copy}: copies a volume to a new one, which may have another shape. */
@Command(
        name = "copy",
        description = {
            "Copy a volume or a snapshot to a new volume, which may have other members and another chunk size.",
            "While a volume is served, a temporary snapshot of it is copied, if its members support snapshots."
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
            description = "home of the new volume (default: that of the source)")
    private @Nullable Path toHome;

    @Option(names = "--verify", description = "read both again and compare")
    private boolean verify;

    @Override
    public Integer call() throws BlockIoException {
        shape.requireSound();
        // Before a served source makes a temporary snapshot, during which its clients wait.
        SnapshotNames.refuse(newName);
        Volumes volumes = common.volumes();
        Volumes target = toHome == null ? volumes : new Volumes(new VolumeCatalog(toHome), common.stores());
        AtomicReference<@Nullable Copied> copied = new AtomicReference<>();
        try (VolumeCopy copy = new VolumeCopy("copied", CopyProgress::new);
                VolumeSource source = volumes.read(name)) {
            long sizeBytes = source.volume().sizeBytes();
            target.copy(
                    source,
                    newName,
                    folder -> shape.lastingSpec(common.stores(), folder, newName, sizeBytes),
                    (from, to) -> copied.set(copy.copy(from, to, true, verify)));
        }
        CopyAnswer.answer(common, "copied", name, newName, Objects.requireNonNull(copied.get()));
        return ExitCode.OK;
    }
}
