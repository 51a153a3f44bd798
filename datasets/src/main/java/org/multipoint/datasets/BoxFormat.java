package org.multipoint.datasets;

import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;

/**
 * A format of files that tell the objects of an image.
 *
 * <p>DataVec's VocLabelProvider wants the folders {@code JPEGImages} and {@code Annotations}, each tag on a line of its own and whole pixels, and
 * reads neither {@code difficult} nor the size of the image; there is no reader for YOLO's format.
 */
public enum BoxFormat {

    /**
     * PASCAL VOC: an XML file for each image, with pixels as coordinates. Without such a file an image is incomplete.
     */
    VOC(".xml", true) {
        @Override
        List<NamedBox> parse(Path file) throws IOException {
            Element annotation = document(file).getDocumentElement();
            Element size = child(annotation, "size", file);
            double width = number(size, "width", file);
            double height = number(size, "height", file);
            if (!(width > 0 && height > 0)) {
                throw new IOException(file + ": an image of " + width + "x" + height + " pixels: expected a positive width and height");
            }
            List<NamedBox> boxes = new ArrayList<>();
            NodeList objects = annotation.getElementsByTagName("object");
            for (int i = 0; i < objects.getLength(); i++) {
                Element object = (Element) objects.item(i);
                Element corners = child(object, "bndbox", file);
                NodeList difficult = object.getElementsByTagName("difficult");
                boxes.add(new NamedBox(child(object, "name", file).getTextContent().strip(),
                        box(file, number(corners, "xmin", file) / width, number(corners, "ymin", file) / height,
                                number(corners, "xmax", file) / width, number(corners, "ymax", file) / height),
                        difficult.getLength() > 0 && difficult.item(0).getTextContent().strip().equals("1")));
            }
            return boxes;
        }
    },

    /**
     * YOLO: a text file for each image that has objects, with a line for each: index of the class, x and y of the centre, width and
     * height, in shares of the image.
     */
    YOLO(".txt", false) {
        @Override
        List<NamedBox> parse(Path file) throws IOException {
            List<NamedBox> boxes = new ArrayList<>();
            List<String> lines = Files.readAllLines(file);
            for (int i = 0; i < lines.size(); i++) {
                String line = lines.get(i).strip();
                if (line.isEmpty()) {
                    continue;
                }
                String[] parts = line.split("\\s+");
                try {
                    double width = Double.parseDouble(parts[3]);
                    double height = Double.parseDouble(parts[4]);
                    boxes.add(new NamedBox(parts[0],
                            Box.centered(Double.parseDouble(parts[1]), Double.parseDouble(parts[2]), width, height), false));
                } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
                    throw new IOException(file + ", line " + (i + 1) + ": expected a class and four numbers (x and y of the centre, width, "
                            + "height), found \"" + line + "\"", e);
                }
            }
            return boxes;
        }
    };

    private final String extension;
    private final boolean required;

    /**
     * An object with its class as the file has it.
     *
     * @param name of the class, or its index
     */
    record NamedBox(String name, Box box, boolean difficult) {
    }

    BoxFormat(String extension, boolean required) {
        this.extension = extension;
        this.required = required;
    }

    abstract List<NamedBox> parse(Path file) throws IOException;

    /**
     * The objects of an image.
     *
     * @param folder of the files of this format
     * @throws IOException where the file is missing and must not be, cannot be read, or is not of this format; the message names it
     */
    List<NamedBox> read(Path folder, Path image) throws IOException {
        String name = image.getFileName().toString();
        Path file = folder.resolve(name.substring(0, name.lastIndexOf('.')) + extension);
        if (Files.exists(file)) {
            return parse(file);
        }
        if (required) {
            throw new IOException(image + " has no labels: there is no " + file);
        }
        return List.of();
    }

    private static Document document(Path file) throws IOException {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            DocumentBuilder builder = factory.newDocumentBuilder();
            // By default errors are printed as well.
            builder.setErrorHandler(null);
            return builder.parse(file.toFile());
        } catch (SAXException e) {
            throw new IOException(file + ": this is no XML (" + e.getMessage() + ")", e);
        } catch (ParserConfigurationException e) {
            throw new IllegalStateException("No XML parser", e);
        }
    }

    private static Element child(Element parent, String name, Path file) throws IOException {
        NodeList found = parent.getElementsByTagName(name);
        if (found.getLength() == 0) {
            throw new IOException(file + ": expected <" + name + "> in <" + parent.getTagName() + ">, found none");
        }
        return (Element) found.item(0);
    }

    private static double number(Element parent, String name, Path file) throws IOException {
        String text = child(parent, name, file).getTextContent().strip();
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new IOException(file + ": expected a number in <" + name + ">, found \"" + text + "\"", e);
        }
    }

    private static Box box(Path file, double left, double top, double right, double bottom) throws IOException {
        try {
            return new Box(left, top, right, bottom);
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }
}
