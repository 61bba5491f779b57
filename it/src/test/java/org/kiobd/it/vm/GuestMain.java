package org.kiobd.it.vm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The guest for a person, started by {@code it/guest}: a shell in it, or a script run in it, against whatever NBD server
 * listens on a port of this host. It uses nothing but the JDK, so it runs without building the project.
 */
public final class GuestMain {
    private static final int EXIT_FAILED = 1;
    private static final int EXIT_USAGE = 2;
    private static final Duration SCRIPT_TIMEOUT = Duration.ofMinutes(15);
    private static final String USAGE = """
            usage: it/guest [--kernel 6.1|6.12] [--port PORT] [--env NAME=VALUE]... [SCRIPT]

            Boots a Debian kernel in an emulated machine whose address 10.0.2.2 is this host's loopback.
            Without SCRIPT: a shell, in which `attach NAME [CONNECTIONS [DEVICE]]` and `detach [DEVICE]` use the NBD
            server on PORT (default 10809). With SCRIPT: runs it (it may use all of guest/lib.sh) and prints what it
            says; the exit code is 1 when a case failed. Kernels and the root disk are kept in
            ${XDG_CACHE_HOME:-~/.cache}/kiobd-it; delete that folder to fetch newer ones.
            """;

    private GuestMain() {}

    /** See {@link #USAGE}. */
    public static void main(String[] arguments) throws Exception {
        Map<String, String> variables = new LinkedHashMap<>(Map.of("PORT", "10809"));
        KernelSeries series = KernelSeries.LINUX_6_1;
        Path script = Path.of("");
        Deque<String> words = new ArrayDeque<>(List.of(arguments));
        while (!words.isEmpty()) {
            String word = words.remove();
            if (word.equals("--help")) {
                System.out.print(USAGE);
                return;
            }
            if (word.startsWith("-") && words.isEmpty()) {
                System.err.print(USAGE);
                System.exit(EXIT_USAGE);
            }
            switch (word) {
                case "--kernel" -> series = KernelSeries.of(words.remove());
                case "--port" -> variables.put("PORT", words.remove());
                case "--env" -> {
                    String[] pair = words.remove().split("=", 2);
                    variables.put(pair[0], pair.length > 1 ? pair[1] : "");
                }
                default -> script = Path.of(word);
            }
        }
        System.exit(start(series, script, variables));
    }

    private static int start(KernelSeries series, Path script, Map<String, String> variables)
            throws IOException, InterruptedException {
        try {
            GuestKernel kernel = GuestKernel.find(series)
                    .orElseThrow(() -> new IllegalStateException(
                            "Debian's mirror offers no kernel=" + series.version() + ": try the other one"));
            return script.toString().isEmpty()
                    ? interactive(kernel, variables)
                    : run(kernel, GuestScript.file(script, variables));
        } catch (IllegalStateException e) {
            // What a person can do something about: a missing program, no network, no such kernel.
            System.err.println("it/guest: " + e.getMessage());
            return EXIT_FAILED;
        }
    }

    private static int interactive(GuestKernel kernel, Map<String, String> variables)
            throws IOException, InterruptedException {
        Map<String, String> all = new LinkedHashMap<>(variables);
        all.put("GUEST_INTERACTIVE", "1");
        Path directory = Files.createTempDirectory("kiobd-vm-");
        try {
            GuestScript none = new GuestScript("interactive", "", all);
            return new ProcessBuilder(Emulator.command(kernel, directory, none, Emulator.interactive()))
                    .inheritIO()
                    .start()
                    .waitFor();
        } finally {
            GuestCache.deleteTree(directory);
        }
    }

    private static int run(GuestKernel kernel, GuestScript script) {
        Path log = Path.of("target", "guest", script.name() + ".log");
        HostCommands commands = new HostCommands().with("echo", words -> String.join(" ", words));
        Guest.Setup setup = new Guest.Setup(kernel, script, commands, SCRIPT_TIMEOUT);
        Consumer<String> show = System.out::println;
        int exitCode = 0;
        try (Guest guest = Guest.boot(setup, log, show)) {
            for (String name : script.cases()) {
                try {
                    guest.awaitCase(name);
                } catch (AssertionError e) {
                    System.out.println(e.toString().lines().findFirst().orElse(name + " failed"));
                    exitCode = EXIT_FAILED;
                }
            }
            guest.awaitEnd();
        } catch (AssertionError e) {
            exitCode = EXIT_FAILED;
        }
        return exitCode;
    }
}
