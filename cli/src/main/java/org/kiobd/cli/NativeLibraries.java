package org.kiobd.cli;

import com.sun.jna.Platform;
import java.io.IOException;
import java.net.URL;
import org.kiobd.store.natives.NativeFolder;

/**
 * Makes JNA, Netty and JLine use the permanent folder for native libraries. Otherwise each process would unpack them into the folder for
 * temporary files, which may be full or mounted noexec.
 */
final class NativeLibraries {
    private NativeLibraries() {}

    /**
     * Sets the system properties of these libraries. It must run before any of them is used. If there is no such folder, the libraries use
     * their own defaults and report their own errors.
     */
    static void useKeptOnes() {
        String name = System.mapLibraryName("jnidispatch");
        URL library = Platform.class.getResource(Platform.RESOURCE_PREFIX + "/" + name);
        if (library == null) {
            return;
        }
        try {
            NativeFolder.ofThisProcess().load(library, name, folder -> {
                setIfUnset("jna.boot.library.path", folder.toString());
                // Netty and JLine remove the files that they unpack there.
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
