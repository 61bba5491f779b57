package org.kiobd.cli;

import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.store.PathCharset;
import org.kiobd.volume.store.file.SystemErrors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The program: hands the arguments to the command line. */
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

    /** Runs a command as the process it is. @return what the shell is to learn */
    static int run(String[] args) {
        // Tests look for leaks in everything; here it would cost every hundredth request a stack trace.
        System.getProperties().putIfAbsent("io.netty.leakDetection.level", "disabled");
        // Without a descriptor left to open its provider, SLF4J would print that before the error itself is told.
        System.getProperties().putIfAbsent("slf4j.internal.verbosity", "ERROR");
        setUpNativeCalls();
        if (!Arguments.onlyLook(List.of(args))) {
            Umask.ownerOnly();
        }
        boolean debug =
                System.getenv(CommonOptions.DEBUG) != null || List.of(args).contains("--debug");
        CommandLog.Switch.set(!debug);
        PrintWriter err = new PrintWriter(new OutputStreamWriter(System.err, StandardCharsets.UTF_8));
        String flaw = Arguments.flaw(List.of(args));
        if (flaw != null) {
            err.println("kiobd: " + flaw);
            err.flush();
            return ExitCode.USAGE;
        }
        PrintWriter out = StandardOutput.INSTANCE.writer();
        int exitCode = commandLine().setOut(out).setErr(err).execute(args);
        out.flush();
        err.flush();
        return StandardOutput.INSTANCE.exitCode(exitCode, err);
    }

    /** Sets what JNA reads when its class is loaded, so before the first call of the system. */
    private static void setUpNativeCalls() {
        NativeLibraries.useKeptOnes();
        // A path is the same bytes in calls made through JNA as in Java's own, which since 18 has two charsets.
        System.getProperties().putIfAbsent("jna.encoding", PathCharset.name());
        // kiobd names no library, so JNA need not start ldconfig to find where they are: without a free descriptor to
        // start a process, Java closes standard input and output.
        System.getProperties().putIfAbsent("jna.platform.library.path", "");
        // JNA unpacks its library into the account's home folder; an account that has none gets a folder named "?" in
        // the current one.
        if (!System.getProperty("user.home", "").startsWith("/")) {
            System.getProperties().putIfAbsent("jna.tmpdir", System.getProperty("java.io.tmpdir"));
        }
    }

    /** The whole command line, for running it in this process. */
    static CommandLine commandLine() {
        return new CommandLine(new Main())
                .setParameterExceptionHandler(Main::usageError)
                .setExecutionExceptionHandler(Main::failure)
                .registerConverter(Path.class, new PathConverter())
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
        if (StandardOutput.INSTANCE.isBroken()) {
            return ExitCode.BROKEN_PIPE;
        }
        StandardOutput.INSTANCE.isTold();
        err.println("kiobd: "
                + (e instanceof BlockIoException || e instanceof CommandFailure
                        ? oneLine(e.getMessage())
                        : unexpected(e)));
        err.flush();
        return e instanceof CommandFailure failure ? failure.exitCode() : ExitCode.FAILED;
    }

    /** What the machine refused is no bug, wherever it showed. */
    static String unexpected(Throwable e) {
        if (!SystemErrors.toIoError(e).isDamage()) {
            return "cannot go on: " + oneLine(SystemErrors.describe(e));
        }
        if (e instanceof LinkageError) {
            return "cannot go on: a part of the program cannot be loaded: " + oneLine(String.valueOf(e))
                    + "; the limit of open files may be too low (ulimit -n), or files are missing beside its jar";
        }
        return "unexpected " + e.getClass().getSimpleName() + ": " + oneLine(e.getMessage())
                + "; this is a bug; run again with --debug to see where";
    }

    static String oneLine(@Nullable String message) {
        return ShellText.printable(String.valueOf(message).replaceAll("\\s*\\R\\s*", " "));
    }
}
