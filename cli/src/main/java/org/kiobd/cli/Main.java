package org.kiobd.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** The entry of the runnable jar: hands the arguments to the command line and its exit code to the shell. */
@Command(
        name = "kiobd",
        description = "A virtual block device: striped volumes served over NBD.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new Main()).execute(args));
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
