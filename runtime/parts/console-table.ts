import { collectionSize, eachItem } from "../built-in-readers.ts";
import {
  createList,
  getOwnPropertyDescriptor,
  isArray,
  type SafeMap,
  createMap,
} from "../intrinsics.ts";
import { dataProperty, enumerableKeys, isData } from "../object-kind.ts";
import { isObject } from "../webidl.ts";
import { inspect } from "./inspection.ts";
import { propertyKey } from "./quote.ts";

const maxRows = 100;
const maxColumns = 20;
const maxCellLength = 100;

const indexColumn = "(index)";
const valuesColumn = "Values";

interface Row {
  readonly index: string;
  readonly cells: SafeMap<string, string>;
}

/** Draws the table of `console.table`, `undefined` when the data has no rows. */
export function consoleTable(data: unknown, columns: unknown): string | undefined {
  if (!isObject(data)) return undefined;
  const rows = createList<Row>();
  const names = createList<string>();
  const given = isArray(columns) ? stringsOf(columns) : undefined;
  let hasValues = false;
  try {
    eachRow(data, (index, value) => {
      const cells = createMap<string, string>();
      rows[rows.length] = { index, cells };
      if (isObject(value) && typeof value !== "function") {
        const keys = given ?? enumerableKeys(value, false);
        for (let position = 0; position < keys.length; position++) {
          const key = keys[position];
          if (typeof key === "string") addCell(value, key, names, cells);
        }
      } else {
        cells.set(valuesColumn, cell(value));
        hasValues = true;
      }
      return rows.length < maxRows;
    });
  } catch {
    // A trap of a Proxy threw.
    return undefined;
  }
  if (rows.length === 0) return undefined;
  return draw(rows, given ?? names, hasValues);
}

function eachRow(data: object, visit: (index: string, value: unknown) => boolean): void {
  const kind = collectionSize("Map", data) === undefined ? "Set" : "Map";
  if (collectionSize(kind, data) !== undefined) {
    let row = 0;
    eachItem(kind, data, (key, value) => visit("" + row++, kind === "Map" ? value : key));
    return;
  }
  const keys = enumerableKeys(data, false);
  for (let position = 0; position < keys.length; position++) {
    const key = keys[position];
    if (typeof key === "string" && !visit(key, dataProperty(data, key))) return;
  }
}

function addCell(row: object, key: string, names: string[], cells: SafeMap<string, string>): void {
  const descriptor = getOwnPropertyDescriptor(row, key);
  if (descriptor === undefined) return;
  if (!includes(names, key)) {
    if (names.length >= maxColumns) return;
    names[names.length] = key;
  }
  cells.set(key, isData(descriptor) ? cell(descriptor.value) : "[Getter]");
}

function cell(value: unknown): string {
  const text = inspect(value, 0);
  let line = "";
  for (let index = 0; index < text.length && index < maxCellLength; index++) {
    const character = text[index] ?? "";
    line += character === "\n" ? " " : character;
  }
  return line;
}

function draw(rows: readonly Row[], names: readonly string[], hasValues: boolean): string {
  const columns = createList<readonly string[]>();
  columns[0] = column(indexColumn, rows, (row) => row.index);
  for (let index = 0; index < names.length; index++) {
    const name = names[index] ?? "";
    const title = propertyKey(name);
    columns[columns.length] = column(title, rows, (row) => row.cells.get(name) ?? "");
  }
  if (hasValues) {
    columns[columns.length] = column(
      valuesColumn,
      rows,
      (row) => row.cells.get(valuesColumn) ?? "",
    );
  }
  let text = rule(columns, "┌", "┬", "┐\n") + line(columns, 0) + rule(columns, "├", "┼", "┤\n");
  for (let index = 1; index <= rows.length; index++) text += line(columns, index);
  return text + rule(columns, "└", "┴", "┘");
}

/** Cells of one column, padded to the same width, title first. */
function column(title: string, rows: readonly Row[], read: (row: Row) => string): string[] {
  const cells = createList<string>();
  cells[0] = title;
  let width = title.length;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index];
    const text = row === undefined ? "" : read(row);
    cells[index + 1] = text;
    if (text.length > width) width = text.length;
  }
  for (let index = 0; index < cells.length; index++) {
    let text = cells[index] ?? "";
    while (text.length < width) text += " ";
    cells[index] = text;
  }
  return cells;
}

function line(columns: readonly (readonly string[])[], index: number): string {
  let text = "│";
  for (let position = 0; position < columns.length; position++) {
    text += " " + (columns[position]?.[index] ?? "") + " │";
  }
  return text + "\n";
}

function rule(
  columns: readonly (readonly string[])[],
  left: string,
  middle: string,
  right: string,
): string {
  let text = left;
  for (let position = 0; position < columns.length; position++) {
    if (position > 0) text += middle;
    const width = (columns[position]?.[0]?.length ?? 0) + 2;
    for (let count = 0; count < width; count++) text += "─";
  }
  return text + right;
}

function stringsOf(values: readonly unknown[]): string[] {
  const strings = createList<string>();
  for (let index = 0; index < values.length && index < maxColumns; index++) {
    const value = dataProperty(values, index);
    if (typeof value === "string") strings[strings.length] = value;
  }
  return strings;
}

function includes(list: readonly string[], text: string): boolean {
  for (let index = 0; index < list.length; index++) if (list[index] === text) return true;
  return false;
}
