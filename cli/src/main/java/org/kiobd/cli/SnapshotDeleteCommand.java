package org.kiobd.cli;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.kiobd.manage.SnapshotNames;
import org.kiobd.manage.Volumes;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kiobd snapshot delete}: deletes snapshots. */
@Command(
        name = "delete",
        description = "Delete snapshots; the volume, its other snapshots and clones do not change.",
        sortOptions = false)
final class SnapshotDeleteCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "VOLUME@NAME", arity = "1..*")
    private List<String> names;

    @Override
    public Integer call() throws BlockIoException {
        Volumes volumes = common.volumes();
        for (String name : names) {
            SnapshotNames.require(name);
        }
        for (String name : names) {
            volumes.deleteSnapshot(name);
            common.answer("deleted " + name, Map.of("deleted", name));
        }
        return ExitCode.OK;
    }
}
