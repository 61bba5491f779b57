package org.kiobd.it.clients;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.kiobd.it.kit.HostCommand;

/** Which blocks of a file hold data, asked in another language than ours. */
final class FileMap {
    private FileMap() {}

    /** One character a block of 4 KiB from {@code offsetBytes} on: d for data, a dot for a hole. */
    static String of(Path file, long offsetBytes) throws IOException {
        Path script = Files.createTempFile("filemap", ".py");
        try {
            ClientScripts.copy("filemap.py", script);
            List<String> command =
                    List.of("/usr/bin/python3", script.toString(), file.toString(), String.valueOf(offsetBytes));
            return HostCommand.output(Duration.ofSeconds(30), command).strip();
        } finally {
            Files.delete(script);
        }
    }
}
