// A name in a table: a long one is broken behind its underscores, and is copied without anything added.
const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});

cells.Name = ({ value }) => {
    const parts = String(value ?? "").split(/(?<=[_.-])/);
    const broken = parts.flatMap((part, i) => (i ? [window.React.createElement("wbr"), part] : [part]));
    return window.React.createElement("span", null, ...broken);
};
