package org.kiobd.cli;

import java.util.Map;
import java.util.concurrent.Callable;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kiobd delete}: removes a volume and its data. */
@Command(name = "delete", description = "Remove a volume and its members, data included.", sortOptions = false)
final class DeleteCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "NAME")
    private String name;

    @Option(names = "--with-snapshots", description = "remove its snapshots, too")
    private boolean withSnapshots;

    @Option(names = "--yes", description = "do not ask")
    private boolean yes;

    @Override
    public Integer call() throws BlockIoException {
        boolean whole = common.volumes().delete(name, withSnapshots, this::confirm);
        common.answer("deleted " + name + (whole ? "" : ", which was unfinished"), Map.of("deleted", name));
        return ExitCode.OK;
    }

    private void confirm(VolumeManifest manifest) {
        Confirmation.require(
                yes,
                "volume=" + name + " was not deleted",
                "delete its data",
                "Delete volume " + name + " with all its data (" + Sizes.format(manifest.sizeBytes()) + " over "
                        + Answers.members(manifest.members().size()) + ")?");
    }
}
