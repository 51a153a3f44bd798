package org.multipoint.segments;

import org.multipoint.internal.graph.Topology;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The vertices of a graph in groups that can each run in one piece: no path leaves a group and comes back. Starting with a group for each
 * vertex, the groups at both ends of a connection become one wherever that keeps it so and both have the same order of axes.
 */
final class Partition {

    private final Topology topology;
    /** The group of each vertex: the name of its first vertex. */
    private final Map<String, String> groupOf = new LinkedHashMap<>();
    private final Map<String, List<String>> members = new HashMap<>();
    /** Vertices whose readers are in other groups. */
    private final Set<String> lasts = new HashSet<>();
    /** Whether the channel axis of a group's images is the last one, where one of its vertices asks for an order. */
    private final Map<String, Boolean> channelsLast = new HashMap<>();

    Partition(Topology topology) {
        this.topology = topology;
    }

    /**
     * Adds a vertex, which comes after all that it reads.
     *
     * @param order whether it needs the channel axis last or not last; empty where it accepts both
     * @param last  whether what reads it must be in other groups
     */
    void add(String vertex, Optional<Boolean> order, boolean last) {
        if (last) {
            lasts.add(vertex);
        }
        groupOf.put(vertex, vertex);
        members.put(vertex, new ArrayList<>(List.of(vertex)));
        order.ifPresent(channels -> channelsLast.put(vertex, channels));
    }

    /** Joins the groups of a vertex and of one that it reads, if they may become one. */
    void join(String input, String vertex) {
        String from = groupOf.get(input);
        String to = groupOf.get(vertex);
        if (from.equals(to) || isContrary(from, to) || isCut(from, to) || isDetour(from, to)) {
            return;
        }
        members.get(from).addAll(members.remove(to));
        members.get(from).forEach(member -> groupOf.put(member, from));
        if (channelsLast.containsKey(to)) {
            channelsLast.put(from, channelsLast.remove(to));
        }
    }

    /** Whether a group reads what must be read by others. */
    private boolean isCut(String from, String to) {
        return members.get(from).stream().filter(lasts::contains)
                .anyMatch(last -> topology.readersOf(last).stream().anyMatch(members.get(to)::contains));
    }

    private boolean isContrary(String group, String other) {
        return channelsLast.containsKey(group) && channelsLast.containsKey(other)
                && !channelsLast.get(group).equals(channelsLast.get(other));
    }

    /** Whether a path leads from one group to the other through vertices of neither. */
    private boolean isDetour(String from, String to) {
        Set<String> seen = new HashSet<>();
        Deque<String> open = new ArrayDeque<>();
        readersOf(from).stream().filter(reader -> !reader.equals(from) && !reader.equals(to)).forEach(open::add);
        while (!open.isEmpty()) {
            String next = open.poll();
            if (next.equals(to)) {
                return true;
            }
            if (seen.add(next)) {
                open.addAll(readersOf(next));
            }
        }
        return false;
    }

    /** The groups and single vertices that read a group or single vertex. */
    private Set<String> readersOf(String group) {
        Set<String> readers = new HashSet<>();
        members.getOrDefault(group, List.of(group))
                .forEach(member -> topology.readersOf(member).forEach(reader -> readers.add(groupOf.getOrDefault(reader, reader))));
        return readers;
    }

    /** The groups, each in topological order. */
    List<List<String>> groups() {
        Map<String, List<String>> groups = new LinkedHashMap<>();
        groupOf.forEach((vertex, group) -> groups.computeIfAbsent(group, g -> new ArrayList<>()).add(vertex));
        return List.copyOf(groups.values());
    }

    /** Whether the channel axis of the images of a vertex's group is the last one. */
    boolean channelsLast(String vertex) {
        return channelsLast.getOrDefault(groupOf.get(vertex), false);
    }
}
