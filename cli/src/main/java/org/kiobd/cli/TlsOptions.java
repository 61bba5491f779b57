package org.kiobd.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.tls.TlsCertificates;
import org.kiobd.nbd.tls.TlsMode;
import org.kiobd.nbd.tls.TlsPolicy;
import org.kiobd.volume.BlockIoException;
import picocli.CommandLine.Option;

/** The options for TLS, and for which clients a server admits. */
final class TlsOptions {
    @Option(
            names = "--tls",
            paramLabel = "off|on|require",
            description = "allow TLS, or require it (default: require with --tls-certificates, else off)")
    private @Nullable String tls;

    @Option(
            names = "--tls-certificates",
            paramLabel = "DIR",
            description = "folder with server-cert.pem, server-key.pem and, to verify clients, ca-cert.pem")
    private @Nullable Path certificates;

    @Option(names = "--tls-verify-peer", description = "require a client certificate signed by ca-cert.pem")
    private boolean verifyPeer;

    @Option(
            names = "--allow-client",
            paramLabel = "[VOLUME=]NAME",
            description =
                    "only clients whose certificate has this common name or DNS alternative name may use the volume (all volumes, if none is named);"
                            + " repeatable")
    private List<String> clients = new ArrayList<>();

    /**
     * Returns the policy that the options define.
     *
     * @param volumes names of the served volumes; a misspelled name must not leave the intended volume open to everybody
     */
    TlsPolicy policy(Set<String> volumes) throws BlockIoException {
        TlsMode mode = mode();
        if (mode == TlsMode.OFF) {
            if (verifyPeer || !clients.isEmpty()) {
                throw usage("--tls-verify-peer and --allow-client need TLS: give --tls-certificates DIR");
            }
            return TlsPolicy.OFF;
        }
        if (certificates == null) {
            throw usage("--tls=" + tls + " needs --tls-certificates DIR");
        }
        Map<String, Set<String>> allowed = new HashMap<>();
        for (String client : clients) {
            int equals = client.indexOf('=');
            String export = equals < 0 ? TlsPolicy.ALL_EXPORTS : client.substring(0, equals);
            String name = client.substring(equals + 1);
            if (name.isEmpty() || equals == 0) {
                throw usage("--allow-client=" + client + " is neither NAME nor VOLUME=NAME");
            }
            if (equals > 0 && !volumes.contains(export)) {
                throw usage("--allow-client=" + client + ": no volume=" + export + " is served here, but "
                        + String.join(", ", volumes) + "; nothing is served");
            }
            allowed.computeIfAbsent(export, key -> new HashSet<>()).add(name);
        }
        return TlsPolicy.of(mode, TlsCertificates.server(certificates, needsClientCertificate()), allowed);
    }

    /** Returns how clients attach. A list of clients makes TLS necessary even where the server does not require it. */
    NbdClientLine attachCommand() {
        return new NbdClientLine(
                isRequired() || !clients.isEmpty(),
                needsClientCertificate(),
                certificates == null ? List.of() : NbdClientLine.serverNames(certificates));
    }

    /** Returns whether a client that uses TLS must show a certificate. */
    private boolean needsClientCertificate() {
        return verifyPeer || !clients.isEmpty();
    }

    /** Returns whether the server refuses plain-text clients. */
    boolean isRequired() {
        return mode() == TlsMode.REQUIRE;
    }

    private TlsMode mode() {
        if (tls == null) {
            return certificates == null ? TlsMode.OFF : TlsMode.REQUIRE;
        }
        return switch (tls) {
            case "off" -> TlsMode.OFF;
            case "on" -> TlsMode.ON;
            case "require" -> TlsMode.REQUIRE;
            default -> throw usage("--tls=" + tls + " is neither off, on nor require");
        };
    }

    private static CommandFailure usage(String text) {
        return new CommandFailure(ExitCode.USAGE, text);
    }
}
