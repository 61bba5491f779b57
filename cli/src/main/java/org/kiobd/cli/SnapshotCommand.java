package org.kiobd.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;

/** {@code kiobd snapshot}: the commands for snapshots, which keep the content of a volume at one moment. */
@Command(
        name = "snapshot",
        description = "Keep the content of a volume at one moment, to serve read-only, clone or roll back to.",
        sortOptions = false,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            SnapshotCreateCommand.class,
            SnapshotListCommand.class,
            SnapshotDeleteCommand.class,
            SnapshotRollbackCommand.class,
            ExportCommand.class
        })
final class SnapshotCommand implements Runnable {
    @Mixin
    @SuppressWarnings("unused") // commands find it through picocli
    private CommonOptions common;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no command was given");
    }
}
