/**
 * The figures of a served volume: {@link org.kiobd.manage.figures.VolumeFigures} is the one record from which text, JSON and
 * whatever else shows it are printed. {@link org.kiobd.manage.figures.FiguresCodec} is the only place that knows the names of its JSON.
 *
 * <p>Threads: everything is immutable or stateless. Not here: who counts ({@code Export}, {@code DeviceCounters}), and how it looks.
 */
@NullMarked
package org.kiobd.manage.figures;

import org.jspecify.annotations.NullMarked;
