/** Tests of the package of the same name; {@link org.kiobd.volume.BlockDeviceContract} travels in the test-jar. */
@NullMarked
package org.kiobd.volume;

import org.jspecify.annotations.NullMarked;
