package org.kiobd.manage.control;

import java.util.Map;
import org.kiobd.manage.figures.FiguresCodec;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * The questions about a volume and their answers, as JSON objects. Both ends of the control socket use this class. Stateless.
 *
 * <pre>
 *   { command: info }                     { the figures, by FiguresCodec }
 *   { command: resize, sizeBytes }        { sizeBytes }
 *   { command: snapshot, name }           { heldMicros }
 * </pre>
 */
final class ControlQuestions {
    static final Map<String, ?> INFO = Map.of("command", "info");
    static final String SIZE = "sizeBytes";
    static final String HELD = "heldMicros";

    private ControlQuestions() {}

    static Map<String, ?> resize(long newSizeBytes) {
        return Map.of("command", "resize", SIZE, newSizeBytes);
    }

    static Map<String, ?> snapshot(String name) {
        return Map.of("command", "snapshot", "name", name);
    }

    /** Answers a question with {@code volume}. */
    static Map<String, ?> answer(Map<String, Object> question, VolumeControl volume) throws BlockIoException {
        Object command = question.get("command");
        if ("info".equals(command)) {
            return FiguresCodec.encode(volume.figures());
        }
        if ("resize".equals(command) && question.get(SIZE) instanceof Number size) {
            return Map.of(SIZE, volume.grow(size.longValue()));
        }
        if ("snapshot".equals(command) && question.get("name") instanceof String name) {
            return Map.of(HELD, volume.snapshot(name));
        }
        throw new BlockIoException(IoError.INVALID, "the server does not know the question " + question);
    }
}
