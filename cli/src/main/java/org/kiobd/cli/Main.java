package org.kiobd.cli;

import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The entry of the runnable jar: hands the arguments to the command line and its exit code to the shell. */
@Command(
        name = "kiobd",
        description = "A virtual block device: striped volumes served over NBD.",
        sortOptions = false,
        versionProvider = VersionCommand.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            UpCommand.class,
            CreateCommand.class,
            ListCommand.class,
            InfoCommand.class,
            ServeCommand.class,
            ResizeCommand.class,
            RenameCommand.class,
            DeleteCommand.class,
            CheckCommand.class,
            ScrubCommand.class,
            AssembleCommand.class,
            SnapshotCommand.class,
            CloneCommand.class,
            ImportCommand.class,
            ExportCommand.class,
            CopyCommand.class,
            BenchCommand.class,
            VersionCommand.class
        },
        footer = {
            "",
            "Exit codes: 0 ok, 1 failed, 2 usage, 3 damage found.",
            "Start with: kiobd up (creates the volume demo if it is missing, and serves it on 127.0.0.1:10809)"
        })
public final class Main implements Runnable {
    @Mixin
    @SuppressWarnings("unused") // commands find it through picocli
    private CommonOptions common;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "show the version")
    @SuppressWarnings("unused") // picocli looks at it
    private boolean version;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    Main() {}

    public static void main(String[] args) {
        // Tests look for leaks in everything; here it would cost every hundredth request a stack trace.
        System.getProperties().putIfAbsent("io.netty.leakDetection.level", "disabled");
        System.exit(commandLine().execute(args));
    }

    /** The whole command line, for running it in this process. */
    static CommandLine commandLine() {
        return new CommandLine(new Main())
                .setParameterExceptionHandler(Main::usageError)
                .setExecutionExceptionHandler(Main::failure)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(true);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no command was given");
    }

    private static int usageError(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        boolean isTop = command.getCommandSpec().parent() == null;
        String text = oneLine(e.getMessage());
        if (e instanceof UnmatchedArgumentException unmatched) {
            String word = unmatched.getUnmatched().get(0);
            text = unmatched.isUnknownOption()
                    ? "option " + word + " is not known"
                    : isTop ? "there is no command '" + word + "'" : "'" + word + "' is one argument too many";
        }
        PrintWriter err = command.getErr();
        err.println("kiobd: " + text + "; see " + command.getCommandSpec().qualifiedName() + " --help");
        err.flush();
        return ExitCode.USAGE;
    }

    private static int failure(Exception e, CommandLine command, CommandLine.ParseResult parsed) {
        PrintWriter err = command.getErr();
        if (CommonOptions.of(command.getCommandSpec()).isDebug()) {
            e.printStackTrace(err);
        }
        if (e instanceof BlockIoException || e instanceof CommandFailure) {
            err.println("kiobd: " + oneLine(e.getMessage()));
        } else {
            err.println("kiobd: unexpected " + e.getClass().getSimpleName() + ": " + oneLine(e.getMessage())
                    + "; this is a bug; run again with --debug to see where");
        }
        err.flush();
        return e instanceof CommandFailure failure ? failure.exitCode() : ExitCode.FAILED;
    }

    static String oneLine(@Nullable String message) {
        return ShellText.printable(String.valueOf(message).replaceAll("\\s*\\R\\s*", " "));
    }
}
