package org.kiobd.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.kiobd.manage.catalog.Changes;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.raid.Volume;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd import}: a raw image into a volume. */
@Command(
        name = "import",
        description = {
            "Fill a volume that is not served from a raw image; what was in it is gone, zeros are behind a smaller image.",
            "Of one that is served: nbdcopy FILE URI"
        },
        sortOptions = false)
final class ImportCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "FILE", description = "a raw image, or a block device")
    private Path file;

    @Parameters(index = "1", paramLabel = "NAME")
    private String name;

    @Option(names = "--verify", description = "read both again and compare")
    private boolean verify;

    @Override
    public Integer call() throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        SnapshotName.refuse(name);
        Snapshots snapshots = new Snapshots(catalog, MemberStores.load());
        Changes changes = new Changes(catalog, MemberStores.load());
        try (ImageCommands images = new ImageCommands(common, "imported");
                VolumeLock lock = catalog.lock(name)) {
            snapshots.tidy(name);
            try (Volume image = common.assembler().openRaw(MemberUri.file(file), true);
                    Volume volume = common.assembler().open(catalog.load(name), false)) {
                if (image.sizeBytes() == 0) {
                    throw new CommandFailure(
                            ExitCode.FAILED,
                            file + " is empty; nothing was written, and volume=" + name
                                    + " is as it was; name an image");
                }
                if (image.sizeBytes() > volume.sizeBytes()) {
                    throw new CommandFailure(
                            ExitCode.FAILED,
                            file + " has size=" + image.sizeBytes() + ", volume=" + name + " only size="
                                    + volume.sizeBytes() + "; nothing was written; kiobd resize makes it larger");
                }
                changes.beginImport(name, file.toAbsolutePath().toString());
                images.copy(image, volume, false, verify);
            } catch (BlockIoException e) {
                throw explained(catalog, e);
            }
            changes.endImport(name);
            images.answer(String.valueOf(file.getFileName()), name);
        }
        return ExitCode.OK;
    }

    /** What a failure in the middle of it means for the volume. */
    private BlockIoException explained(VolumeCatalog catalog, BlockIoException e) throws BlockIoException {
        if (catalog.unfinished(name) == null) {
            return e;
        }
        return new BlockIoException(
                e.error(),
                e.getMessage() + "; volume=" + name + " holds only a part of it now and is unfinished: import again,"
                        + " or roll it back to a snapshot",
                e);
    }
}
