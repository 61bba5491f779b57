package org.kiobd.cli;

import org.kiobd.nbd.NbdLimits;
import picocli.CommandLine.Option;

/** The options that limit the connections to a server. */
final class ConnectionOptions {
    private static final int MAX = 65_535;
    private static final long MIB = 1L << 20;

    @Option(
            names = "--max-connections",
            paramLabel = "N",
            defaultValue = "1024",
            description =
                    "maximum number of connections; further clients are refused; more than 4096 may need more --memory"
                            + " (default: ${DEFAULT-VALUE})")
    private int all;

    @Option(
            names = "--max-connections-per-address",
            paramLabel = "N",
            defaultValue = "256",
            description = "maximum number of connections from one network address; unix sockets are not limited"
                    + " (default: ${DEFAULT-VALUE})")
    private int perAddress;

    /**
     * Returns the limits of the server.
     *
     * @param memoryBytes memory for requests, of which each connection has a share
     */
    NbdLimits limits(long memoryBytes) {
        NbdLimits limits = NbdLimits.DEFAULT.toBuilder()
                .maxConnections(inRange("--max-connections", all))
                .maxConnectionsPerAddress(inRange("--max-connections-per-address", perAddress))
                .build();
        if (limits.minPoolBytes() > memoryBytes) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "--max-connections=" + all + " needs --memory " + -Math.floorDiv(-limits.minPoolBytes(), MIB)
                            + "M or more, and there is memory=" + Sizes.format(memoryBytes) + "; nothing is served");
        }
        return limits;
    }

    private static int inRange(String option, int value) {
        if (value < 1 || value > MAX) {
            throw new CommandFailure(ExitCode.USAGE, option + "=" + value + " is not between 1 and " + MAX);
        }
        return value;
    }
}
