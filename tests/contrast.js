// The contrast of two colours, each [red, green, blue], as WCAG 2 defines it: from 1 to 21.
const contrast = (() => {
  const luminance = parts => {
    const [red, green, blue] = parts.map(part => part / 255)
      .map(part => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  return (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
})();
