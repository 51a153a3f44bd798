
// Headings of sortable tables become buttons; without a script they stay headings, and rows in the order of the network.
document.querySelectorAll("table.sortable").forEach(function (table) {
  var headings = Array.from(table.tHead.rows[0].cells);
  headings.forEach(function (heading, column) {
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    heading.replaceChildren(button);
    heading.setAttribute("aria-sort", column === 0 ? "ascending" : "none");
    button.addEventListener("click", function () {
      var down = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach(function (other) { other.setAttribute("aria-sort", "none"); });
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      Array.from(table.tBodies[0].rows).sort(function (a, b) {
        var order = compare(key(a.cells[column]), key(b.cells[column]));
        return down ? -order : order;
      }).forEach(function (row) { table.tBodies[0].appendChild(row); });
    });
  });

  function key(cell) {
    return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
  }

  function compare(a, b) {
    return typeof a === "number" ? a - b : a.localeCompare(b, "en", {numeric: true});
  }
});
