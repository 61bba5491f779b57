package org.kiobd.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.Listener;

/**
 * The shell command that attaches a volume with nbd-client, for users to copy. With TLS it names the client's files as kiobd, nbdkit and qemu
 * do: it works in the folder that has them. Immutable.
 *
 * @param tls whether the client must use TLS
 * @param showsCertificate whether a client that uses TLS must show a certificate
 * @param serverNames host names and addresses in the server's certificate, in order; empty if they are not known
 */
record NbdClientLine(boolean tls, boolean showsCertificate, List<String> serverNames) {
    private static final int DNS_NAME = 2;
    private static final int IP_ADDRESS = 7;

    NbdClientLine {
        serverNames = List.copyOf(serverNames);
    }

    /** Returns the command for a volume on {@code listener}. */
    String text(Listener listener, String volume) {
        return text(listener.host(), listener.port(), listener.path(), volume);
    }

    /** @param path path of the unix socket; null for TCP */
    String text(String host, int port, @Nullable Path path, String volume) {
        String where = path == null ? ShellText.quote(host) + " " + port : "-unix " + ShellText.quote(path.toString());
        return "nbd-client " + where + " -N " + ShellText.quote(volume) + security(host) + " -C 4 /dev/nbd0";
    }

    private String security(String host) {
        if (!tls) {
            return "";
        }
        String name = serverName(host);
        return " -cacertfile ca-cert.pem"
                + (name == null ? "" : " -tlshostname " + ShellText.quote(name))
                + (showsCertificate ? " -certfile client-cert.pem -keyfile client-key.pem" : "");
    }

    /** Returns the name that the client must expect in the certificate; null if that is the host, or if none is known. */
    private @Nullable String serverName(String host) {
        return serverNames.contains(host)
                ? null
                : serverNames.stream()
                        .filter(name -> !name.contains("*"))
                        .findFirst()
                        .orElse(null);
    }

    /**
     * Returns the host names in the certificate of a server, and after them its addresses.
     *
     * @param folder folder of the server's certificate
     */
    static List<String> serverNames(Path folder) {
        List<String> names = new ArrayList<>();
        List<String> addresses = new ArrayList<>();
        try (InputStream in = Files.newInputStream(folder.resolve("server-cert.pem"))) {
            X509Certificate certificate =
                    (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
            if (certificate.getSubjectAlternativeNames() != null) {
                for (List<?> one : certificate.getSubjectAlternativeNames()) {
                    if (one.get(0).equals(DNS_NAME)) {
                        names.add(String.valueOf(one.get(1)));
                    } else if (one.get(0).equals(IP_ADDRESS)) {
                        addresses.add(String.valueOf(one.get(1)));
                    }
                }
            }
        } catch (IOException | CertificateException e) {
            // The server has read the file before. Without names, the command lacks an option, and nothing else.
            return List.of();
        }
        names.addAll(addresses);
        return names;
    }
}
