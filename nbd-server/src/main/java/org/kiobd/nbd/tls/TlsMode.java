package org.kiobd.nbd.tls;

/** Whether a server uses TLS: the three modes in the section "TLS support" of the specification. */
public enum TlsMode {
    /** NOTLS: the server refuses NBD_OPT_STARTTLS. */
    OFF,
    /** SELECTIVETLS: a client gets TLS if it asks; exports with a client list require it. */
    ON,
    /** FORCEDTLS: before TLS the server refuses every option except NBD_OPT_STARTTLS and NBD_OPT_ABORT. */
    REQUIRE
}
