package org.kiobd.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.kiobd.attach.Attacher;
import org.kiobd.attach.Attachment;
import org.kiobd.attach.AttachmentFiles;
import org.kiobd.attach.KernelDevice;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kiobd reattach}: gives devices a new connection to their servers. */
@Command(
        name = "reattach",
        description = {
            "Give attached devices a new connection where they have lost theirs.",
            "Harmless for a device that is connected. attachd does the same by itself."
        },
        sortOptions = false)
final class ReattachCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(
            paramLabel = "DEVICE|VOLUME",
            arity = "0..*",
            description = "/dev/nbdN, or the name of the volume (default: all attachments)")
    private List<String> devices = List.of();

    @Override
    public Integer call() throws IOException {
        AttachmentFiles files = new AttachmentFiles(AttachmentFiles.DEFAULT);
        Attacher attacher = new Attacher(files);
        List<KernelDevice> wanted = new ArrayList<>();
        for (String device : devices) {
            wanted.add(Attachments.attached(files, device));
        }
        if (devices.isEmpty()) {
            Attachments.told(attacher::list)
                    .forEach(one -> wanted.add(one.attachment().device()));
        }
        if (!wanted.isEmpty()) {
            SupervisorProcess.start();
        }
        List<Map<String, Object>> json = new ArrayList<>();
        List<String> lines = new ArrayList<>();
        for (KernelDevice device : wanted) {
            Attachment attachment = Attachments.told(() -> attacher.reattach(device));
            lines.add(device + " is connected, " + attachment.identity());
            json.add(Attachments.json(attachment, device.sizeBytes(), true));
        }
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("attachments", json);
        common.answer(lines.isEmpty() ? "nothing is attached" : String.join("\n", lines), answer);
        return ExitCode.OK;
    }
}
