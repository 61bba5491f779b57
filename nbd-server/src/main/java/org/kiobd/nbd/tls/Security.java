package org.kiobd.nbd.tls;

import java.security.Principal;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.kiobd.nbd.protocol.NbdText;

/**
 * What TLS has established about a connection.
 *
 * @param protocol such as TLSv1.3
 * @param cipher the cipher suite
 * @param peerNames what the peer's certificate, which was verified, calls it: common name and alternative names; empty if there is none
 */
public record Security(String protocol, String cipher, Set<String> peerNames) {
    public Security {
        peerNames = Set.copyOf(peerNames);
    }

    /** Of a handshake that succeeded. */
    public static Security of(SSLSession session) {
        Set<String> names = new TreeSet<>();
        try {
            if (session.getPeerCertificates()[0] instanceof X509Certificate certificate) {
                addCommonNames(certificate.getSubjectX500Principal(), names);
                addAlternativeNames(certificate, names);
            }
        } catch (SSLPeerUnverifiedException e) {
            // It showed no certificate, and none was demanded.
        }
        return new Security(session.getProtocol(), session.getCipherSuite(), names);
    }

    private static void addCommonNames(Principal subject, Set<String> names) {
        try {
            for (Rdn part : new LdapName(subject.getName()).getRdns()) {
                if ("CN".equalsIgnoreCase(part.getType())) {
                    // Else the value is raw bytes, which are no name.
                    if (part.getValue() instanceof String text) {
                        names.add(text);
                    }
                }
            }
        } catch (InvalidNameException e) {
            // A name that cannot be read is nobody's.
        }
    }

    private static void addAlternativeNames(X509Certificate certificate, Set<String> names) {
        try {
            Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
            if (alternatives != null) {
                alternatives.forEach(name -> {
                    if (name.get(1) instanceof String text) {
                        names.add(text);
                    }
                });
            }
        } catch (CertificateParsingException e) {
            // As above.
        }
    }

    /** The names as they may stand in a log line: a certificate can say anything its signer let through. */
    public String printableNames() {
        return peerNames.stream().sorted().map(NbdText::printable).collect(Collectors.joining(","));
    }

    @Override
    public String toString() {
        return protocol + " " + cipher + (peerNames.isEmpty() ? "" : " client=" + printableNames());
    }
}
