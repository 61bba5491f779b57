package org.kiobd.nbd.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who a certificate says its holder is, for certificates that say it in several ways. */
final class SecurityTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // One common name, wherever it stands; other parts are no names.
                "a|-|a",
                "a,O=admin,OU=admin,L=admin|-|a",
                "a+OU=admin|-|a",
                // DNS names count, nothing else does.
                "a|san=dns:b.example,dns:c.example|a b.example c.example",
                "a|san=email:admin,uri:urn:admin,ip:127.0.0.1|a",
                "a|san=email:admin,dns:b.example|a b.example",
                // Of several common names nobody knows which was meant.
                "a,CN=admin|-|",
                "a+CN=admin|-|",
                "a,OU=x,CN=admin|san=dns:b.example|",
                // A name is not taken apart.
                "'a\\,CN=admin'|-|a,CN=admin",
                "a\\=admin|-|a=admin",
            })
    void itIsItsCommonNameAndItsDnsNames(String subject, String extension, String names) throws Exception {
        Holder holder = extension.equals("-")
                ? Holder.of(folder, "CN=" + subject.replace("'", ""), "EC")
                : Holder.of(folder, "CN=" + subject.replace("'", ""), "EC", "-ext", extension);
        assertThat(Security.names(holder.certificate())).isEqualTo(names == null ? Set.of() : Set.of(names.split(" ")));
    }
}
