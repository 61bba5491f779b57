package org.kiobd.cli;

import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.image.VolumeCopy;
import org.kiobd.manage.image.VolumeCopy.Copied;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd import}: fills a volume from a raw image. */
@Command(
        name = "import",
        description = {
            "Overwrite a volume that is not served with a raw image; after the end of a smaller image the volume reads as zeros.",
            "To fill a served volume: nbdcopy FILE URI"
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
        AtomicReference<@Nullable Copied> copied = new AtomicReference<>();
        try (VolumeCopy copy = new VolumeCopy("imported", CopyProgress::new)) {
            common.volumes()
                    .importImage(file, name, (image, volume) -> copied.set(copy.copy(image, volume, false, verify)));
        }
        CopyAnswer.answer(
                common, "imported", String.valueOf(file.getFileName()), name, Objects.requireNonNull(copied.get()));
        return ExitCode.OK;
    }
}
