package org.kiobd.it.clients;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.kiobd.it.kit.HostCommand;
import org.kiobd.it.kit.HostProgram;

/** A certificate authority made by openssl, and folders with what it has signed, laid out as NBD programs want them. */
final class Certificates {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private final Path folder;

    /** Makes a new authority called {@code name} in {@code folder}, which is made as well. */
    Certificates(Path folder, String name) throws IOException {
        HostProgram.require("openssl", "openssl");
        this.folder = Files.createDirectories(folder);
        openssl(
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                key(),
                "-out",
                certificate(),
                "-subj",
                "/CN=" + name,
                "-days",
                "2");
    }

    private String key() {
        return folder.resolve("authority-key.pem").toString();
    }

    private String certificate() {
        return folder.resolve("ca-cert.pem").toString();
    }

    /** Where the authority's own certificate lies: what a client needs that shows none. */
    Path trust() {
        return folder;
    }

    /**
     * A folder with {@code ca-cert.pem}, and a certificate and key of {@code role}.
     *
     * @param role server or client
     * @param commonName what the certificate calls its owner
     * @param days 0: it has expired when the next second begins
     */
    Path issue(String name, String role, String commonName, int days) throws IOException {
        Path made = Files.createDirectories(folder.resolveSibling(name));
        Path request = made.resolve("request.pem");
        Path extensions = made.resolve("extensions");
        Files.writeString(extensions, "subjectAltName=DNS:" + commonName + "\n");
        // A server on Java 25 is shown no RSA certificate by GnuTLS 3.7: see "TLS" in docs/NBD.md.
        String algorithm = role.equals("client") ? "ec" : "rsa";
        String strength = role.equals("client") ? "ec_paramgen_curve:P-256" : "rsa_keygen_bits:2048";
        openssl(
                "req",
                "-newkey",
                algorithm,
                "-pkeyopt",
                strength,
                "-nodes",
                "-keyout",
                made.resolve(role + "-key.pem").toString(),
                "-out",
                request.toString(),
                "-subj",
                "/CN=" + commonName);
        openssl(
                "x509",
                "-req",
                "-in",
                request.toString(),
                "-CA",
                certificate(),
                "-CAkey",
                key(),
                "-CAcreateserial",
                "-out",
                made.resolve(role + "-cert.pem").toString(),
                "-days",
                String.valueOf(days),
                "-extfile",
                extensions.toString());
        Files.copy(folder.resolve("ca-cert.pem"), made.resolve("ca-cert.pem"));
        return made;
    }

    private static void openssl(String... arguments) {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments));
        HostCommand.output(TIMEOUT, command);
    }
}
