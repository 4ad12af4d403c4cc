/* Names for what Datasette leaves without one, so that screen readers can say what it is. */
const names = [
  ['select[name^="_filter_column"]', "Column"],
  ['select[name^="_filter_op"]', "Comparison"],
  ['input[name^="_filter_value"]', "Value"],
  ["select#sort_by", "Sort by"],
  ["textarea#sql-editor, .CodeMirror textarea", "SQL"],
  [".facet-info .cross", "Remove"],
];
const name = () => {
  for (const [selector, text] of names) {
    for (const found of document.querySelectorAll(selector)) found.setAttribute("aria-label", text);
  }
  for (const found of document.querySelectorAll(".table-wrapper, pre")) found.tabIndex = 0;
};
name();
/* Once more when the editor, which is made when the page is whole, is there. */
addEventListener("load", () => setTimeout(name));
