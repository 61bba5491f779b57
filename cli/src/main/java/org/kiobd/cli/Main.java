package org.kiobd.cli;

import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberStores;
import org.kiobd.store.PathCharset;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The main program: parses the command line and runs the command. */
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
            AttachCommand.class,
            DetachCommand.class,
            ReattachCommand.class,
            AttachdCommand.class,
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

    private Main(MemberStores stores) {
        this.common = new CommonOptions(stores);
    }

    /**
     * Runs the command of this process.
     *
     * @return the exit code
     */
    static int run(String[] args) {
        // Only tests look for leaks: leak detection would take a stack trace for about every hundredth request.
        System.getProperties().putIfAbsent("io.netty.leakDetection.level", "disabled");
        // If no descriptor is left to open its provider, SLF4J would print a message before kiobd's own error.
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
        int exitCode;
        try (MemberStores stores = MemberStores.load()) {
            exitCode = commandLine(stores).setOut(out).setErr(err).execute(args);
        }
        out.flush();
        err.flush();
        return StandardOutput.INSTANCE.exitCode(exitCode, err);
    }

    /** Sets the system properties that JNA reads when its class is loaded, so before the first native call. */
    private static void setUpNativeCalls() {
        NativeLibraries.useKeptOnes();
        // JNA must encode paths with the same charset as Java's file API; since Java 18 it need not be the default
        // charset.
        System.getProperties().putIfAbsent("jna.encoding", PathCharset.name());
        // kiobd loads no library by name, so JNA need not run ldconfig to find library folders. If no descriptor is
        // free to start a process, Java closes standard input and output.
        System.getProperties().putIfAbsent("jna.platform.library.path", "");
        // JNA unpacks its library into the user's home folder. If the account has none, JNA would make a folder named
        // "?" in the current folder.
        if (!System.getProperty("user.home", "").startsWith("/")) {
            System.getProperties().putIfAbsent("jna.tmpdir", System.getProperty("java.io.tmpdir"));
        }
    }

    /** Returns the complete command line, to run a command in this process; borrows {@code stores}. */
    static CommandLine commandLine(MemberStores stores) {
        return new CommandLine(new Main(stores))
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

    /** Returns a one-line message for an unexpected exception. An error of the system, e.g. a full disk, is not reported as a bug. */
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
