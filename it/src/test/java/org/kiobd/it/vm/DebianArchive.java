package org.kiobd.it.vm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.kiobd.it.kit.HostCommand;
import org.kiobd.it.kit.HostProgram;

/**
 * One suite of the Debian mirror this machine already uses, read through apt with private state: nothing is installed,
 * and the machine's own package lists stay as they are, so a suite the machine does not use can be read too.
 */
final class DebianArchive {
    private static final Duration NETWORK_TIMEOUT = Duration.ofMinutes(4);
    private static final String KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

    private final List<String> options;
    private final Path downloadDirectory;

    private DebianArchive(List<String> options, Path downloadDirectory) {
        this.options = options;
        this.downloadDirectory = downloadDirectory;
    }

    /**
     * A package as the archive offers it.
     *
     * @param name such as {@code linux-image-cloud-amd64}
     * @param version as Debian writes it
     * @param depends the raw dependency line, empty when there is none
     */
    record Offer(String name, String version, String depends) {}

    /** Reads the package list of {@code suite}; {@code work} keeps apt's private state and must outlive this object. */
    static DebianArchive open(String suite, Path work) throws IOException {
        Path lists = work.resolve("lists");
        Path cache = work.resolve("cache");
        Files.createDirectories(lists.resolve("partial"));
        Files.createDirectories(cache.resolve("archives/partial"));
        Path sources = Files.writeString(
                work.resolve("sources.list"), "deb [signed-by=%s] %s %s main%n".formatted(KEYRING, mirror(), suite));
        List<String> options = List.of(
                "-q",
                "-o",
                "Dir::Etc::sourcelist=" + sources,
                "-o",
                "Dir::Etc::sourceparts=/dev/null",
                "-o",
                "Dir::State::lists=" + lists,
                "-o",
                "Dir::Cache=" + cache,
                "-o",
                "APT::Sandbox::User=" + System.getProperty("user.name"),
                "-o",
                "Acquire::Languages=none",
                "-o",
                "APT::Update::Error-Mode=any");
        DebianArchive archive = new DebianArchive(options, Files.createDirectories(work.resolve("download")));
        archive.update();
        return archive;
    }

    /** Every version of {@code name} the suite offers; empty when the suite does not know the package. */
    List<Offer> offers(String name) {
        List<Offer> offers = new ArrayList<>();
        HostCommand.Result shown = HostCommand.run(NETWORK_TIMEOUT, command("apt-cache", "show", name));
        for (String stanza : shown.output().split("\n\n", -1)) {
            field(stanza, "Version")
                    .ifPresent(version -> offers.add(
                            new Offer(name, version, field(stanza, "Depends").orElse(""))));
        }
        return offers;
    }

    /** Downloads {@code name} in {@code version} and unpacks it into {@code target}, without installing it. */
    void unpack(String name, String version, Path target) throws IOException {
        List<String> download = new ArrayList<>(
                List.of("sh", "-c", "cd \"$1\"; shift; exec \"$@\"", "sh", downloadDirectory.toString()));
        download.addAll(command("apt-get", "download", name + "=" + version));
        HostCommand.output(NETWORK_TIMEOUT, download);
        Path file;
        try (Stream<Path> files = Files.list(downloadDirectory)) {
            file = files.filter(path -> path.getFileName().toString().startsWith(name + "_"))
                    .findFirst()
                    .orElseThrow(() -> new IOException("apt-get download left no file for package=" + name));
        }
        HostCommand.output(NETWORK_TIMEOUT, List.of("dpkg-deb", "-x", file.toString(), target.toString()));
    }

    private void update() {
        HostCommand.Result result = HostCommand.run(NETWORK_TIMEOUT, command("apt-get", "update"));
        if (result.exitCode() != 0) {
            String error = result.output()
                    .lines()
                    .filter(line -> line.startsWith("E: "))
                    .findFirst()
                    .orElse(result.output().strip());
            throw new IllegalStateException("apt-get update: " + error);
        }
    }

    private List<String> command(String program, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(HostProgram.require(program, "apt").toString());
        command.addAll(options);
        command.addAll(List.of(arguments));
        return command;
    }

    /** The mirror of the machine's own sources, so that no host name is written here. */
    private static String mirror() {
        String targets = HostCommand.output(
                "apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(COMPONENT)", "Created-By: Packages");
        return targets.lines()
                .map(line -> line.split(" ", -1))
                .filter(words -> words[0].endsWith("/debian/"))
                .map(words -> words[0])
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "no Debian mirror in this machine's apt sources: add one, or put an unpacked kernel into the"
                                + " cache folder named in it/guest --help"));
    }

    private static Optional<String> field(String stanza, String name) {
        return stanza.lines()
                .filter(line -> line.startsWith(name + ": "))
                .map(line -> line.substring(name.length() + 2))
                .findFirst();
    }
}
