/** Tests of the package of the same name. */
@NullMarked
package org.kiobd.store;

import org.jspecify.annotations.NullMarked;
