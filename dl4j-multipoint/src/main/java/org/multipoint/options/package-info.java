/**
 * The choices that a user makes beside the budget: method, clipping, granularity and tuning. Values only; the code that acts on them is
 * elsewhere. Public API.
 */
package org.multipoint.options;
