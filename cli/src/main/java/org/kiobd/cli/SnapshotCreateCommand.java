package org.kiobd.cli;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.kiobd.manage.Volumes;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kiobd snapshot create}: makes a snapshot of a volume. */
@Command(
        name = "create",
        description = {
            "Create a snapshot of a volume, served or not. All members are captured at the same moment.",
            "A snapshot takes space only for what the volume overwrites or trims later."
        },
        sortOptions = false)
final class SnapshotCreateCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "VOLUME@NAME")
    private String name;

    @Override
    public Integer call() throws BlockIoException {
        Volumes.MadeSnapshot made = common.volumes().createSnapshot(name);
        Map<String, Object> json = Answers.json(made.manifest());
        json.put("heldMicros", made.heldMicros());
        common.answer(
                "created " + name + ": " + Sizes.format(made.manifest().sizeBytes())
                        + String.format(Locale.ROOT, "; requests waited %.1f ms for it", made.heldMicros() / 1000.0),
                json);
        return ExitCode.OK;
    }
}
