package org.kiobd.cli;

import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;

/** The entry of the runnable jar: hands the arguments to the command line and its exit code to the shell. */
@Command(
        name = "kiobd",
        description = "A virtual block device: striped volumes served over NBD.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
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
            AssembleCommand.class
        },
        footer = {
            "",
            "Exit codes: 0 ok, 1 failed, 2 usage, 3 damage found.",
            "Start with: kiobd up (creates the volume demo if it is missing, and serves it on 127.0.0.1:10809)"
        })
public final class Main implements Runnable {
    private static final String DEBUG = "KIOBD_DEBUG";

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    Main() {}

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    /** The whole command line, for running it in this process. */
    static CommandLine commandLine() {
        return new CommandLine(new Main())
                .setParameterExceptionHandler(Main::usageError)
                .setExecutionExceptionHandler(Main::failure)
                .setUsageHelpAutoWidth(true);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no command was given");
    }

    private static int usageError(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("kiobd: " + oneLine(e.getMessage()) + "; see "
                + command.getCommandSpec().qualifiedName() + " --help");
        err.flush();
        return ExitCode.USAGE;
    }

    private static int failure(Exception e, CommandLine command, CommandLine.ParseResult parsed) {
        PrintWriter err = command.getErr();
        if (System.getenv(DEBUG) != null) {
            e.printStackTrace(err);
        }
        if (e instanceof BlockIoException || e instanceof CommandFailure) {
            err.println("kiobd: " + oneLine(e.getMessage()));
        } else {
            err.println("kiobd: unexpected " + e.getClass().getSimpleName() + ": " + oneLine(e.getMessage())
                    + "; this is a bug; run again with " + DEBUG + "=1 to see where");
        }
        err.flush();
        return e instanceof CommandFailure failure ? failure.exitCode() : ExitCode.FAILED;
    }

    private static String oneLine(@Nullable String message) {
        return String.valueOf(message).replaceAll("\\s*\\R\\s*", " ");
    }

    /** Reads the version from the jar's manifest, the one place where the build writes it. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            @Nullable String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"kiobd " + (version == null ? "(not packaged)" : version)};
        }
    }
}
