package org.kiobd.it.vm;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.kiobd.it.kit.RunLength;

/** Boots a kernel for some scripts against a server, and gives a test for each of the scripts' cases. */
abstract class KernelRuns {
    /** How often a server is killed under a mounted file system. */
    private static final int CRASH_ROUNDS = Integer.getInteger("kiobd.crash.rounds", 1);

    /** Names of the only cases to run, separated by spaces, for a person who looks at some; none: all. */
    private static final List<String> ONLY = Arrays.stream(
                    System.getProperty("kiobd.guest.cases", "").split(" "))
            .filter(name -> !name.isEmpty())
            .toList();

    private static final Duration PART_TIMEOUT = Duration.ofMinutes(10);

    /** What a sample divides the amounts of data by: a guest sends about 5 MiB/s. */
    private static final String SAMPLE_DIVISOR = "4";

    /**
     * Smaller journals. Without WRITE_ZEROES, 6.1 clears a journal by writing it: up to 1 GiB by default. mkfs.xfs takes less than 64 MiB for
     * a test only.
     */
    private static final Map<String, String> JOURNALS = RunLength.current() == RunLength.FULL
            ? Map.of("MKFS_EXT4_OPTIONS", "-J size=64", "MKFS_XFS_OPTIONS", "-l size=64m")
            : Map.of("MKFS_EXT4_OPTIONS", "-J size=16", "MKFS_XFS_OPTIONS", "--unsupported -l size=16m");

    private static final Volume FIRST = new Volume("first", "1G");

    /** Script to its volumes. */
    private static final Map<String, List<Volume>> VOLUMES = Map.of(
            "kernel-attach", List.of(FIRST),
            "kernel-basics", List.of(FIRST, new Volume("second", "256M")),
            "kernel-connections", List.of(FIRST),
            "kernel-restart", List.of(FIRST),
            "kernel-snapshot", List.of(FIRST),
            "kernel-large", List.of(new Volume("large", "1T")));

    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    /** A server with {@code volumes}, newly created and served. Returned owned. */
    abstract VolumeServer serve(String name, List<Volume> volumes);

    /**
     * What one boot runs.
     *
     * @param name for the transcript and the server's logs
     * @param kernel the kernel
     * @param scripts the scripts, one after the other
     * @param fullOnly the cases a sample leaves out
     * @param variables what the scripts are told
     */
    record Boot(
            String name,
            GuestKernel kernel,
            List<String> scripts,
            List<String> fullOnly,
            Map<String, String> variables) {
        /** Returns a boot that runs all cases of {@code scripts}, in a sample too. */
        static Boot of(String name, GuestKernel kernel, String... scripts) {
            Map<String, String> journals = kernel.series() == KernelSeries.LINUX_6_1 ? JOURNALS : Map.of();
            return new Boot(name, kernel, List.of(scripts), List.of(), journals);
        }

        /** Returns this boot, with cases that a sample leaves out. */
        Boot fullOnly(String... cases) {
            return new Boot(name, kernel, scripts, List.of(cases), variables);
        }

        /** Returns this boot, with one variable more. */
        Boot with(String variable, String value) {
            Map<String, String> more = new LinkedHashMap<>(variables);
            more.put(variable, value);
            return new Boot(name, kernel, scripts, fullOnly, more);
        }

        private GuestScript script() {
            GuestScript script = GuestScript.joined(name, scripts);
            if (!ONLY.isEmpty()) {
                script = script.without(script.cases().stream()
                        .filter(one -> !ONLY.contains(one))
                        .toList());
            }
            for (Map.Entry<String, String> variable : variables.entrySet()) {
                script = script.with(variable.getKey(), variable.getValue());
            }
            if (RunLength.current() == RunLength.FULL) {
                return script;
            }
            return script.with("SIZE_DIVISOR", SAMPLE_DIVISOR).without(fullOnly);
        }

        private List<Volume> volumes() {
            return scripts.stream()
                    .flatMap(script -> VOLUMES.getOrDefault(script, List.of()).stream())
                    .distinct()
                    .toList();
        }
    }

    final Stream<DynamicTest> run(Boot boot) {
        VolumeServer server = serve(boot.name() + "-" + boot.kernel().series().version(), boot.volumes());
        open.push(server);
        GuestScript script = boot.script()
                .with("PORT", Integer.toString(server.port()))
                .with("CRASH_ROUNDS", Integer.toString(CRASH_ROUNDS));
        // Java is slow in an emulated machine: each command takes ten seconds, more on a busy host.
        int parts = boot.scripts().size() * (boot.variables().containsKey(Emulator.PROGRAM_VARIABLE) ? 2 : 1);
        Duration timeout = PART_TIMEOUT.multipliedBy(parts).plusSeconds(20L * CRASH_ROUNDS);
        Guest guest = GuestTests.boot(boot.kernel(), script, VolumeCommands.of(server), timeout);
        open.push(guest);
        return GuestTests.results(guest, boot.kernel(), script);
    }

    @AfterEach
    void closeAll() throws Exception {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }
}
