package org.kiobd.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** URIs as libnbd, nbdkit and qemu write them. */
final class NbdUriTest {
    @Test
    void hostPortAndName() {
        NbdUri uri = NbdUri.parse("nbd://example.org:1234/a/b%20c");
        assertThat(uri.host()).isEqualTo("example.org");
        assertThat(uri.port()).isEqualTo(1234);
        assertThat(uri.exportName()).isEqualTo("a/b c");
        assertThat(uri.tls()).isFalse();
        assertThat(uri.tlsVerifyPeer()).isTrue();
        assertThat(NbdUri.parse("nbd://localhost").port()).isEqualTo(10809);
        assertThat(NbdUri.parse("nbd://localhost:65535/").port()).isEqualTo(65535);
        assertThat(NbdUri.parse("nbd://localhost").exportName()).isEmpty();
        assertThat(NbdUri.parse("nbd://localhost//slash").exportName()).isEqualTo("/slash");
        assertThat(NbdUri.parse("nbd://[::1]:10/x").host()).isEqualTo("::1");
        assertThat(NbdUri.parse("nbd://[::1]:10/x")).hasToString("nbd://[::1]:10/x");
    }

    @Test
    void unixSocketAndTls() {
        NbdUri uri = NbdUri.parse("nbds+unix:///x?socket=/tmp/a+b%20c&tls-certificates=/pki&tls-hostname=who");
        assertThat(uri.socket()).isEqualTo(Path.of("/tmp/a+b c"));
        assertThat(uri.tls()).isTrue();
        assertThat(uri.tlsCertificates()).isEqualTo(Path.of("/pki"));
        assertThat(uri.certificateName()).isEqualTo("who");
        assertThat(NbdUri.parse("nbds+unix:///?socket=/s").certificateName()).isEqualTo("localhost");
        assertThat(NbdUri.parse("nbds://h/").certificateName()).isEqualTo("h");
        assertThat(NbdUri.parse("nbds://h/?tls-verify-peer=false").tlsVerifyPeer())
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://localhost/",
                "nbd:///x",
                "nbd://h/x?socket=/s",
                "nbd+unix:///x",
                "nbd+unix://h/x?socket=/s",
                "nbd://h/%zz",
                "nbd://h:99999/x",
                "nbd://h:65536/x",
                "nbd://h:0/x",
                "nbds://h/?tls-psk-file=/keys",
                "nbd://h/?tls-certificates",
                "nonsense"
            })
    void whatIsNoneIsRefusedInOneLine(String text) {
        assertThatThrownBy(() -> NbdUri.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("uri=" + text)
                .hasMessageNotContaining("\n");
    }
}
