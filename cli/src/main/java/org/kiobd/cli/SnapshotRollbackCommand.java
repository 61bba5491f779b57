package org.kiobd.cli;

import java.util.concurrent.Callable;
import org.kiobd.manage.catalog.VolumeNames;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd snapshot rollback}: puts a volume back to a snapshot. */
@Command(
        name = "rollback",
        description = {
            "Put a volume that is not served back to a snapshot; what was written since then is lost.",
            "All snapshots stay."
        },
        sortOptions = false)
final class SnapshotRollbackCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "VOLUME@NAME")
    private String name;

    @Option(names = "--yes", description = "do not ask")
    private boolean yes;

    @Override
    public Integer call() throws BlockIoException {
        VolumeManifest then = common.volumes().rollback(name, this::confirm);
        common.answer(
                "rolled back " + then.name() + " to " + name + ": " + Sizes.format(then.sizeBytes()),
                Answers.json(then));
        return ExitCode.OK;
    }

    private void confirm(VolumeManifest snapshot) {
        String volume = VolumeNames.volumeOf(name);
        String since =
                snapshot.createdAt() == null ? name : snapshot.createdAt().toString();
        Confirmation.require(
                yes,
                "volume=" + volume + " was not rolled back",
                "lose what was written since",
                "Lose everything written to " + volume + " since " + since + "?");
    }
}
