package org.kiobd.cli;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.kiobd.manage.VolumeSource;
import org.kiobd.manage.Volumes;
import org.kiobd.manage.image.VolumeCopy;
import org.kiobd.manage.image.VolumeCopy.Copied;
import org.kiobd.raid.Volume;
import org.kiobd.store.file.DraftFile;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd export}: writes a volume or a snapshot to a raw image. */
@Command(
        name = "export",
        description = {
            "Write a volume or a snapshot, NAME or VOLUME@NAME, to a raw image; its holes stay holes.",
            "While a volume is served, a temporary snapshot of it is written, if its members support snapshots."
        },
        sortOptions = false)
final class ExportCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "NAME")
    private String name;

    @Parameters(index = "1", paramLabel = "FILE|-", description = "a file that does not exist; - for standard output")
    private String file;

    @Option(names = "--verify", description = "read both again and compare; not for standard output")
    private boolean verify;

    @Override
    public Integer call() throws BlockIoException {
        if (verify && file.equals("-")) {
            throw new CommandFailure(ExitCode.USAGE, "--verify cannot read standard output again; name a file");
        }
        Volumes volumes = common.volumes();
        try (VolumeCopy copy = new VolumeCopy("exported", CopyProgress::new);
                VolumeSource source = volumes.read(name)) {
            if (file.equals("-")) {
                toStandardOutput(copy, source.volume());
            } else {
                toFile(volumes, copy, source.volume(), Path.of(file).toAbsolutePath());
            }
        }
        return ExitCode.OK;
    }

    private static void toStandardOutput(VolumeCopy copy, Volume volume) throws BlockIoException {
        try (OutputStream out = new BufferedOutputStream(StandardOutput.INSTANCE)) {
            copy.copy(volume, out);
        } catch (BlockIoException e) {
            throw e;
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, "standard output: " + e.getMessage(), e);
        }
    }

    private void toFile(Volumes volumes, VolumeCopy copy, Volume volume, Path image) throws BlockIoException {
        Copied copied;
        try (DraftFile draft = DraftFile.make(image, volume.sizeBytes())) {
            try (Volume target = volumes.openImage(draft.path(), false)) {
                copied = copy.copy(volume, target, true, verify);
            }
            draft.publish();
        }
        CopyAnswer.answer(common, "exported", name, String.valueOf(image.getFileName()), copied);
    }
}
