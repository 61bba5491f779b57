package org.kiobd.it.clients;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** The scripts that other people's shells run, from the test resources. */
final class ClientScripts {
    private ClientScripts() {}

    static void copy(String name, Path target) throws IOException {
        try (InputStream resource = ClientScripts.class.getResourceAsStream("/clients/" + name)) {
            if (resource == null) {
                throw new IllegalStateException("clients/" + name + " is not among the test resources");
            }
            Files.copy(resource, target, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
