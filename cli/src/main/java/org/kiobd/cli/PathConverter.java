package org.kiobd.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.kiobd.store.PathCharset;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses a path on the command line. */
final class PathConverter implements ITypeConverter<Path> {
    @Override
    public Path convert(String text) {
        if (text.isEmpty()) {
            throw new TypeConversionException("the path is empty");
        }
        String flaw = PathCharset.flaw(text);
        if (flaw != null) {
            throw new TypeConversionException("'" + text + "' " + flaw);
        }
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new TypeConversionException("'" + text + "' is no path: " + e.getReason());
        }
    }
}
