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
 * What TLS has established about a connection.
 *
 * @param protocol such as TLSv1.3
 * @param cipher the cipher suite
 * @param peerNames who the peer is, by its certificate, which was verified: its common name, and its alternative names of type DNS; none
 *     of the other kinds, which are not for this (e-mail addresses, URIs, IP addresses). Empty if there is no certificate, or one with
 *     several common names: whoever signed it may have meant another of them than who lists clients
 */
public record Security(String protocol, String cipher, Set<String> peerNames) {
    /** GeneralName in RFC 5280, section 4.2.1.6. */
    private static final int DNS_NAME = 2;

    public Security {
        peerNames = Set.copyOf(peerNames);
    }

    /** Of a handshake that succeeded. */
    public static Security of(SSLSession session) {
        Set<String> names = Set.of();
        try {
            if (session.getPeerCertificates()[0] instanceof X509Certificate certificate) {
                names = names(certificate);
            }
        } catch (SSLPeerUnverifiedException e) {
            // It showed no certificate, and none was demanded.
        }
        return new Security(session.getProtocol(), session.getCipherSuite(), names);
    }

    /** Who the holder of a certificate is. */
    static Set<String> names(X509Certificate certificate) {
        try {
            List<Object> commonNames = commonNames(certificate.getSubjectX500Principal());
            if (commonNames.size() > 1) {
                return Set.of();
            }
            Set<String> names = new TreeSet<>();
            // Else the value is raw bytes, which are no name.
            if (commonNames.size() == 1 && commonNames.get(0) instanceof String text && !text.isEmpty()) {
                names.add(text);
            }
            names.addAll(dnsNames(certificate));
            return names;
        } catch (NamingException | CertificateParsingException e) {
            // A name that cannot be read is nobody's.
            return Set.of();
        }
    }

    /** A part of a subject may have several attributes, any of which may be a common name. */
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

    /** The names as they may stand in a log line: a certificate can say anything its signer let through. */
    public String printableNames() {
        return peerNames.stream().sorted().map(NbdText::printable).collect(Collectors.joining(","));
    }

    @Override
    public String toString() {
        return protocol + " " + cipher + (peerNames.isEmpty() ? "" : " client=" + printableNames());
    }
}
