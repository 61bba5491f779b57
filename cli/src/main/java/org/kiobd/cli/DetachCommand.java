package org.kiobd.cli;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Callable;
import org.kiobd.attach.Attacher;
import org.kiobd.attach.Attachment;
import org.kiobd.attach.AttachmentFiles;
import org.kiobd.attach.KernelDevice;
import org.kiobd.attach.SavedWishes;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd detach}: ends an attachment. */
@Command(name = "detach", description = "End an attachment.", sortOptions = false)
final class DetachCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "DEVICE|VOLUME", description = "/dev/nbdN, or the name of the volume")
    private String what;

    @Option(names = "--forget", description = "also remove what attach --persist has saved")
    private boolean forget;

    @Option(names = "--force", description = "also if the device is mounted or used; what was not written yet is lost")
    private boolean force;

    @Override
    public Integer call() throws IOException {
        AttachmentFiles files = new AttachmentFiles(AttachmentFiles.DEFAULT);
        KernelDevice device = Attachments.told(() -> Attachments.device(files, what));
        Attachment attachment = files.of(device);
        Attachments.told(() -> {
            new Attacher(files).detach(device, force);
            return device;
        });
        if (forget && attachment != null) {
            new SavedWishes(SavedWishes.DEFAULT).remove(attachment.name());
        }
        common.answer("detached " + device, Map.of("device", device.toString()));
        return ExitCode.OK;
    }
}
