package org.kiobd.nbd.tls;

/** Whether a server speaks TLS: the three modes of the specification, section "TLS support". */
public enum TlsMode {
    /** NOTLS: NBD_OPT_STARTTLS is refused. */
    OFF,
    /** SELECTIVETLS: who asks gets it; an export that lists its clients demands it. */
    ON,
    /** FORCEDTLS: before it nothing but NBD_OPT_STARTTLS and NBD_OPT_ABORT is answered. */
    REQUIRE
}
