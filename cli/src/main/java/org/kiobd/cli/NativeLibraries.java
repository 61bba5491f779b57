package org.kiobd.cli;

import com.sun.jna.Platform;
import java.io.IOException;
import java.net.URL;
import org.kiobd.store.natives.NativeFolder;

/**
 * Has JNA, Netty and the terminal library use the folder that is kept for native libraries, rather than unpack theirs among the temporary
 * files each time: those may be full, or hold no programs.
 */
final class NativeLibraries {
    private NativeLibraries() {}

    /** Before the first of them is used. Where there is no such folder they go their own ways, and say what is wrong. */
    static void useKeptOnes() {
        String name = System.mapLibraryName("jnidispatch");
        URL library = Platform.class.getResource(Platform.RESOURCE_PREFIX + "/" + name);
        if (library == null) {
            return;
        }
        try {
            NativeFolder.ofThisProcess().load(library, name, folder -> {
                setIfUnset("jna.boot.library.path", folder.toString());
                // What is unpacked there is removed again at once.
                setIfUnset("io.netty.native.workdir", folder.toString());
                setIfUnset("jline.tmpdir", folder.toString());
            });
        } catch (IOException e) {
            setIfUnset("kiobd.natives.failure", String.valueOf(e.getMessage()));
        }
    }

    private static void setIfUnset(String property, String value) {
        System.getProperties().putIfAbsent(property, value);
    }
}
