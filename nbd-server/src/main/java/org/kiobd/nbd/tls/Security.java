package org.kiobd.nbd.tls;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.security.auth.x500.X500Principal;
import org.kiobd.nbd.protocol.NbdText;

/**
 * The result of the TLS handshake of a connection. Immutable.
 *
 * @param protocol protocol version, e.g. TLSv1.3
 * @param cipher the cipher suite
 * @param peerNames names of the peer, from its verified certificate: the common name and the alternative names of type DNS, but no
 *     alternative names of other types (e-mail addresses, URIs, IP addresses), which do not identify a client here. Empty without a
 *     certificate, and for a certificate with several common names: its signer and the author of a client list may have different names in
 *     mind
 */
public record Security(String protocol, String cipher, Set<String> peerNames) {
    /** The type of a DNS name in GeneralName, RFC 5280, section 4.2.1.6. */
    private static final int DNS_NAME = 2;

    public Security {
        peerNames = Set.copyOf(peerNames);
    }

    /** Returns the result of a successful handshake. */
    public static Security of(SSLSession session) {
        Set<String> names = Set.of();
        try {
            if (session.getPeerCertificates()[0] instanceof X509Certificate certificate) {
                names = names(certificate);
            }
        } catch (SSLPeerUnverifiedException e) {
            // The peer sent no certificate, and none was required.
        }
        return new Security(session.getProtocol(), session.getCipherSuite(), names);
    }

    /** Returns the names of the holder of {@code certificate}; empty if they are ambiguous or unreadable. */
    static Set<String> names(X509Certificate certificate) {
        try {
            List<Object> commonNames = commonNames(certificate.getSubjectX500Principal());
            if (commonNames.size() > 1) {
                return Set.of();
            }
            Set<String> names = new TreeSet<>();
            // A value that is not a string is raw bytes, not a name.
            if (commonNames.size() == 1 && commonNames.get(0) instanceof String text && !text.isEmpty()) {
                names.add(text);
            }
            names.addAll(dnsNames(certificate));
            return names;
        } catch (NamingException | CertificateParsingException e) {
            // An unreadable name identifies nobody.
            return Set.of();
        }
    }

    /** Returns all common names; one part of a subject may have several attributes, and each may be a common name. */
    private static List<Object> commonNames(X500Principal subject) throws NamingException {
        List<Object> names = new ArrayList<>();
        for (Rdn part : new LdapName(subject.getName()).getRdns()) {
            Attribute attribute = part.toAttributes().get("CN");
            if (attribute != null) {
                attribute.getAll().asIterator().forEachRemaining(names::add);
            }
        }
        return names;
    }

    private static List<String> dnsNames(X509Certificate certificate) throws CertificateParsingException {
        Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
        return alternatives == null
                ? List.of()
                : alternatives.stream()
                        .filter(name -> name.get(0).equals(DNS_NAME))
                        .map(name -> String.valueOf(name.get(1)))
                        .toList();
    }

    /** Returns the names in a form that is safe in a log line: a certificate can hold any text that its signer accepted. */
    public String printableNames() {
        return peerNames.stream().sorted().map(NbdText::printable).collect(Collectors.joining(","));
    }

    @Override
    public String toString() {
        return protocol + " " + cipher + (peerNames.isEmpty() ? "" : " client=" + printableNames());
    }
}
